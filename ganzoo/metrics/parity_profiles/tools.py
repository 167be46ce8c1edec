"""The profiles themselves: what each tool does, in one table."""

from __future__ import annotations

from ganzoo.metrics.parity_profiles.base import Profile
from ganzoo.metrics.parity_profiles.frechet import Frechet, frechet
from ganzoo.metrics.parity_profiles.inception import (
    ToolScore,
    as_drawn,
    chunks,
    floors,
    inception,
    legacy_order,
    runs,
    torch_order,
)
from ganzoo.metrics.parity_profiles.kernel import Kernel, kernel
from ganzoo.metrics.parity_profiles.neighbours import ToolBalls, balls, half_distances, half_squares, single_distances
from ganzoo.metrics.parity_profiles.randomness import legacy_draws, torch_draws

SMALL = "Where there are no more rows than features, its square root adds up to 1e-5 of rounding; this one is exact."
SUBSET_STD = "The spread that it prints beside the mean of splits or subsets is no standard error and is not shown."
SINGLE_KID = "KID is summed in float32: equal to about 1e-7 of the mean kernel value, whatever the distance is."

PYTORCH_FID = Profile(
    name="pytorch-fid",
    tool_version="0.3.0",
    summary="mseitzer/pytorch-fid: FID, all in float64",
    metrics=(frechet(Frechet("pytorch-fid")),),
    notes=(SMALL, "A product that has no finite square root gets 1e-6 on both diagonals there; this one needs none."),
)

TORCH_FIDELITY = Profile(
    name="torch-fidelity",
    tool_version="0.4.0",
    summary="toshas/torch-fidelity: FID, IS, KID and precision/recall at its defaults, seed 2020",
    metrics=(
        frechet(Frechet("torch-fidelity", single_means=True)),
        inception(ToolScore("torch-fidelity", order=legacy_order(2020), cut=floors(10))),
        kernel(Kernel("torch-fidelity", draws=legacy_draws, fixed_seed=2020)),
        balls(ToolBalls("torch-fidelity", single_distances)),
    ),
    notes=(
        "Means are float32, covariances float64.",
        "KID: 100 subsets of 1000 rows, generated rows drawn first; fewer than 1000 rows are refused.",
        "Precision and recall: float32 distances, k = 3, '<='; there from VGG16 fc2, here from the features given.",
        SMALL,
        SUBSET_STD,
        SINGLE_KID,
    ),
)

CLEAN_FID = Profile(
    name="clean-fid",
    tool_version="0.1.35",
    summary="GaParmar/clean-fid: FID and KID",
    metrics=(
        frechet(Frechet("clean-fid", single_means=True)),
        kernel(Kernel("clean-fid", draws=legacy_draws, shrinks=True)),
    ),
    notes=(
        "Means are float32, covariances float64.",
        "KID draws from NumPy's global generator, unseeded; this is the number after np.random.seed(seed).",
        "Its resizing of images is not part of the profile.",
        SMALL,
        SINGLE_KID,
    ),
)

TORCHMETRICS = Profile(
    name="torchmetrics",
    tool_version="1.9.0",
    summary="Lightning-AI/torchmetrics: FID, IS and KID of torchmetrics.image on the CPU",
    metrics=(
        frechet(Frechet("torchmetrics", single_result=True)),
        inception(ToolScore("torchmetrics", order=torch_order, cut=chunks(10), single_result=True)),
        kernel(Kernel("torchmetrics", draws=torch_draws, fake_first=False, single_result=True)),
    ),
    notes=(
        "Results are float32.",
        "IS and KID permute by torch's global generator; this is the number with it seeded before compute().",
        "IS cuts as torch.chunk does: parts of ⌈N/10⌉, fewer than ten for some N.",
        "Its own precision is float32 throughout IS and KID, summed by torch: equal to about 1e-6.",
        SMALL,
        SUBSET_STD,
        SINGLE_KID,
    ),
)

STYLEGAN = Profile(
    name="stylegan",
    tool_version="stylegan2-ada-pytorch metrics/, 375a436 and ecfea65",
    summary="NVlabs StyleGAN2-ADA and StyleGAN3: fid50k, is50k, kid50k and pr50k3",
    metrics=(
        frechet(Frechet("stylegan", ddof=0)),
        inception(ToolScore("stylegan", order=as_drawn, cut=floors(10), single_parts=True)),
        kernel(Kernel("stylegan", draws=legacy_draws, shrinks=True)),
        balls(ToolBalls("stylegan", half_distances, half_radii=True, two_passes=True)),
    ),
    notes=(
        "Covariances are over n, not n − 1.",
        "IS is over ten runs of the samples as drawn. It takes p · log p, NaN where p underflows; this one does not.",
        "KID draws from NumPy's global generator; this is the number after np.random.seed(seed).",
        "Precision and recall in float16 as on a GPU, k = 3, '<='; there from VGG16, here from the features given.",
        SMALL,
        SINGLE_KID,
    ),
)

ADM = Profile(
    name="adm",
    tool_version="guided-diffusion evaluations/evaluator.py, 1b61a43",
    summary="openai/guided-diffusion evaluator: FID, IS, precision and recall",
    metrics=(
        frechet(Frechet("adm", single_means=True)),
        inception(ToolScore("adm", order=as_drawn, cut=runs(5000), single_parts=True)),
        balls(ToolBalls("adm", half_squares)),
    ),
    notes=(
        "Means are float32, covariances float64.",
        "IS is over runs of 5000 samples as drawn. It takes p · log p, NaN where p underflows; this one does not.",
        "Precision and recall compare squared float16 distances, k = 3, '<=', summed here in float32.",
        "TensorFlow on a CPU rounds up to a third of those another way; on four data sets that moved neither score.",
        SMALL,
    ),
)
