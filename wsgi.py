"""For gunicorn: ``gunicorn wsgi:app``. Everything else is in :mod:`supervision`."""

from supervision.web.serving import application

app = application()
