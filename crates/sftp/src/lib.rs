//! Files over SFTP: fetched from a server, and dropped at one of our own.
