"""gunicorn's settings, found by itself when it starts here: nothing is kept of who connects.

No access log, no control socket, and a logger that leaves out the peer (:mod:`supervision.web.quiet_logging`). What
stops a start is said before it listens (:func:`supervision.web.serving.check_start`).
"""

from supervision.web.quiet_logging import QuietLogger
from supervision.web.serving import check_start, stop_without_deadlock

bind = "127.0.0.1:8000"
worker_class = "gthread"
workers = 1
threads = 8
timeout = 120
graceful_timeout = 5
accesslog = None
control_socket_disable = True
logger_class = QuietLogger
on_starting = check_start
post_worker_init = stop_without_deadlock
proc_name = "supervision"
