"""Settings of Django's own test suite: two databases of the server at $PGHOST:$PGPORT, as its continuous integration has them."""

import os


def database(name, **test):
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "USER": os.environ["PGUSER"],
        "NAME": name,
        "TEST": test,
    }


DATABASES = {"default": database("django"), "other": database("django2")}
TEST_RUNNER = "django_runner.Runner"
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
