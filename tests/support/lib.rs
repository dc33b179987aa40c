//! Servers, judges and folders for the test suites.
