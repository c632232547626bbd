"""A runner of Django's tests that writes to $TARN_RESULTS how each of them ended, a line "outcome test" each (run: it is to run).

Tables and extensions that the server refuses while the test databases are made are left out and named, so that the tests
that need them fail one by one (and are listed) instead of all."""

import contextlib
import os
import unittest
from unittest import mock

from django.contrib.postgres.operations import CreateExtension
from django.db import Error, transaction
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.test.runner import DiscoverRunner
from django.test.utils import iter_test_cases


class Result(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.out = open(os.environ["TARN_RESULTS"], "a")

    def write(self, outcome, test):
        print(outcome, test.id(), file=self.out, flush=True)

    def stopTestRun(self):
        super().stopTestRun()
        self.out.close()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.write("pass", test)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.write("pass", test)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.write("fail", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.write("skip", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.write("fail", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.write("fail", test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.write("fail", test)


def or_left_out(method, connection_of):
    """method, in a savepoint; when the server refuses it, that is said and nothing else happens."""

    def attempt(self, *args, **kwargs):
        connection = connection_of(self, *args)
        try:
            with transaction.atomic(connection.alias) if connection.in_atomic_block else contextlib.nullcontext():
                return method(self, *args, **kwargs)
        except Error as e:
            what = getattr(self, "name", None) or args[0]._meta.db_table
            print(f"left out of {connection.alias}: {what}: {str(e).strip()}")

    return attempt


class Runner(DiscoverRunner):
    def get_resultclass(self):
        return Result

    def build_suite(self, *args, **kwargs):
        suite = super().build_suite(*args, **kwargs)
        with open(os.environ["TARN_RESULTS"], "a") as out:
            for test in iter_test_cases(suite):
                print("run", test.id(), file=out)
        return suite

    def setup_databases(self, **kwargs):
        with (
            mock.patch.object(DatabaseSchemaEditor, "create_model", or_left_out(DatabaseSchemaEditor.create_model, lambda editor, *_: editor.connection)),
            mock.patch.object(CreateExtension, "database_forwards", or_left_out(CreateExtension.database_forwards, lambda op, app, editor, *_: editor.connection)),
        ):
            return super().setup_databases(**kwargs)
