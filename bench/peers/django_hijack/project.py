"""A Django project of one file with django-hijack in it; `python project.py PEOPLE` makes its tables and people.

This runs in a Python of its own, which has Django and nothing of ours.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse

settings.configure(
    SECRET_KEY=os.environ["SECRET"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "hijack"],
    MIDDLEWARE=[
        f"{__name__}.session_shown",
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "hijack.middleware.HijackUserMiddleware",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["DATABASE_SOCKET"],
            "NAME": os.environ["DATABASE_NAME"],
            "USER": os.environ["DATABASE_USER"],
            # Each thread keeps its connection; a statement met often is prepared on the server.
            "CONN_MAX_AGE": None,
            "OPTIONS": {"server_side_binding": True},
        }
    },
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402  Django is read after its settings
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402

Answering = Callable[[HttpRequest], HttpResponse]

urlpatterns = [path("hijack/", include("hijack.urls"))]


def session_shown(get_response: Answering) -> Answering:
    """Repeat the new session's cookie in the body, which is all that the load client hands on."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "sessionid" in response.cookies:
            response.content = response.cookies["sessionid"].value
            response["Content-Length"] = len(response.content)
        return response

    return middleware


def make_people(admins: int, customers: int) -> dict[str, list[object]]:
    """Superusers who have logged in, by their session's key, and customers' ids."""
    call_command("migrate", verbosity=0)
    bosses = [User(username=f"admin-{n}", email=f"admin-{n}@bench.test", is_superuser=True) for n in range(admins)]
    others = [User(username=f"customer-{n}", email=f"customer-{n}@bench.test") for n in range(customers)]
    User.objects.bulk_create([*bosses, *others], batch_size=1000)
    return {"sessions": [_logged_in(admin) for admin in bosses], "customers": [customer.pk for customer in others]}


def _logged_in(user: User) -> str:
    session = SessionStore()
    # What `django.contrib.auth.login` writes.
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


application = get_wsgi_application()

if __name__ == "__main__":
    admins, customers, answer = sys.argv[1:]
    Path(answer).write_text(json.dumps(make_people(int(admins), int(customers))))
