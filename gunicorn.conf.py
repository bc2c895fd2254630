"""gunicorn's settings, found by itself when it starts here: nothing is kept of who connects.

No access log, no control socket, and a logger that leaves out the peer (:mod:`supervision.web.quiet_logging`).
"""

from supervision.web.quiet_logging import QuietLogger

bind = "127.0.0.1:8000"
worker_class = "gthread"
workers = 1
threads = 8
timeout = 120
graceful_timeout = 10
accesslog = None
control_socket_disable = True
logger_class = QuietLogger
proc_name = "supervision"
