"""Pictures of samples: grids of images, scatter plots of points, what lies between samples."""
