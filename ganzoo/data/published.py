"""The published image sets: their files, forms, checksums and mirrors. Plain tables, cheap to import.

Sources of the checksums: sha256 of the decompressed MNIST files as published (measured, and listed by several mirrors);
md5 of the archives as the authors' pages and torchvision list them (LeCun et al. 1998; Xiao et al. 2017; Krizhevsky
2009).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IdxFile:
    """One IDX file: its name without ``.gz``, the shape it must have, md5 of the published gzip, sha256 of its content.

    ``sha256`` is empty where the content's hash is not known.
    """

    name: str
    shape: tuple[int, ...]
    md5: str
    sha256: str = ""


@dataclass(frozen=True)
class IdxSet:
    """A dataset of four IDX files in the order train images, train labels, test images, test labels.

    ``folders`` are looked into below every data directory, before the directory itself. ``balanced`` says that all
    classes are equally frequent in each split.
    """

    name: str
    files: tuple[IdxFile, IdxFile, IdxFile, IdxFile]
    mirrors: tuple[str, ...]
    folders: tuple[str, ...]
    class_names: tuple[str, ...]
    balanced: bool = False


@dataclass(frozen=True)
class CifarSet:
    """CIFAR-10's two published forms: archive names, folder names, batches with the md5 of the Python ones."""

    name: str
    rows: int
    """Images in each batch."""
    train: tuple[str, ...]
    test: str
    python_md5: dict[str, str]
    """md5 of the batches of the Python form; a batch not listed is checked by its structure alone."""
    class_names: tuple[str, ...]
    python_folder: str = "cifar-10-batches-py"
    python_archive: str = "cifar-10-python.tar.gz"
    binary_folder: str = "cifar-10-batches-bin"
    binary_archive: str = "cifar-10-binary.tar.gz"
    binary_archive_md5: str = "c32a1d4ab5d03f1284b67883e8d87530"
    mirrors: tuple[str, ...] = ("https://www.cs.toronto.edu/~kriz/",)


MNIST = IdxSet(
    name="mnist",
    files=(
        IdxFile(
            "train-images-idx3-ubyte",
            (60000, 28, 28),
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        IdxFile(
            "train-labels-idx1-ubyte",
            (60000,),
            "d53e105ee54ea40749a09fcbcd1e9432",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        IdxFile(
            "t10k-images-idx3-ubyte",
            (10000, 28, 28),
            "9fb629c4189551a2d022fa330f9573f3",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        IdxFile(
            "t10k-labels-idx1-ubyte",
            (10000,),
            "ec29112dd5afa0611ce80d1b7f02629c",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    folders=("mnist", "MNIST/raw"),
    class_names=tuple("0123456789"),
)

# The authors' own bucket answers over plain http alone, so their repository, then Keras' mirror of the same files.
FASHION_MNIST = IdxSet(
    name="fashion-mnist",
    files=(
        IdxFile("train-images-idx3-ubyte", (60000, 28, 28), "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        IdxFile("train-labels-idx1-ubyte", (60000,), "25c81989df183df01b3e8a0aad5dffbe"),
        IdxFile("t10k-images-idx3-ubyte", (10000, 28, 28), "bef4ecab320f06d8554ea6380940ec79"),
        IdxFile("t10k-labels-idx1-ubyte", (10000,), "bb300cfdad3c16e7a12a480ee83cd310"),
    ),
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    folders=("fashion-mnist", "FashionMNIST/raw"),
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    balanced=True,
)

CIFAR10 = CifarSet(
    name="cifar10",
    rows=10000,
    train=tuple(f"data_batch_{i}" for i in range(1, 6)),
    test="test_batch",
    python_md5={
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
    },
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
)

KNOWN_CONTENT = {file.sha256: f"{file.name} of {MNIST.name}" for file in MNIST.files}
"""sha256 of known contents, so that a file of a twin dataset under the same name is told apart."""
