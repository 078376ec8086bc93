from . import codecs as codecs
from . import datasets as datasets
from . import metrics as metrics
from .datasets import open_stack as open_stack
from .datasets.own.discover import init_stack as init_stack
from .errors import UserError as UserError
from .lab.coding import decode as decode
from .lab.coding import encode as encode
from .lab.detection import detect_files as detect_files
from .lab.evaluation import evaluate as evaluate
from .lab.training import train as train
from .models.api import detect as detect
from .models.load import load_detector as load_detector
from .runs.provenance import Run as Run

__version__: str
