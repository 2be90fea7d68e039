"""Every module with tables, a line each: whoever needs all of the metadata imports this one."""

from registry.store import accreditation_models as accreditation_models
from registry.store import approval_models as approval_models
from registry.store import follow_up_models as follow_up_models
from registry.store import import_models as import_models
from registry.store import log_models as log_models
from registry.store import look_models as look_models
from registry.store import models as models
from registry.store import own_key_models as own_key_models
from registry.store import party_models as party_models
from registry.store import people_models as people_models
from registry.store import receipt_models as receipt_models
from registry.store import report_models as report_models
from registry.store import statistics as statistics
from registry.store import transfer_models as transfer_models
from registry.store import watch_models as watch_models
