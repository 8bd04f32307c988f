"""The national message interface over HTTP: types and structs, routes, the frame around messages, and its service."""
