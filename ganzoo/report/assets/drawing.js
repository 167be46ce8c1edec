// Pictures of samples: images pixel by pixel, points as a plot.
"use strict";

const OKABE_ITO = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999"];
const PLOT = 320;
const MARGIN = 12;

// One image x [C, H, W] in [-1, 1] on a canvas, each pixel `zoom` pixels of the page wide.
function drawImage(canvas, x, [channels, height, width], zoom) {
  canvas.width = width;
  canvas.height = height;
  canvas.style.width = `${width * zoom}px`;
  canvas.style.height = `${height * zoom}px`;
  const picture = new ImageData(width, height);
  const size = width * height;
  for (let pixel = 0; pixel < size; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const channel = channels < 3 ? 0 : colour;
      picture.data[4 * pixel + colour] = (x[channel * size + pixel] + 1) * 127.5;  // this array rounds and clips
    }
    picture.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

function zoomFor(side, shape) {
  return Math.max(1, Math.floor(side / Math.max(shape[1], shape[2])));
}

// The square that holds all points, as {low, span}: the same scale for both coordinates.
function frameOf(points) {
  let [low, high] = [Infinity, -Infinity];
  for (const point of points) {
    for (const value of point) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return { low, span: high - low || 1 };
}

function drawPoints(canvas, points, groups, marked, path) {
  const scale = Math.max(1, window.devicePixelRatio || 1);
  canvas.width = canvas.height = PLOT * scale;
  const pen = canvas.getContext("2d");
  const ink = getComputedStyle(canvas).color;
  const { low, span } = frameOf([...points, marked, ...path]);
  const place = (value) => MARGIN + ((value - low) / span) * (PLOT - 2 * MARGIN);
  const at = ([a, b = low]) => [place(a), PLOT - place(b)];
  const disc = (point, radius) => {
    pen.beginPath();
    pen.arc(...at(point), radius, 0, 2 * Math.PI);
  };
  pen.scale(scale, scale);
  points.forEach((point, i) => {
    pen.fillStyle = OKABE_ITO[groups[i] % OKABE_ITO.length];
    disc(point, 2);
    pen.fill();
  });
  pen.strokeStyle = ink;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const point of path) pen.lineTo(...at(point));
  pen.stroke();
  disc(marked, 6);
  pen.stroke();
}
