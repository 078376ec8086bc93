from . import codecs as codecs
from . import datasets as datasets
from . import metrics as metrics
from .datasets import open_stack as open_stack
from .errors import UserError as UserError
from .models.api import detect as detect
from .models.load import load_detector as load_detector
from .runs.provenance import Run as Run

__version__: str
