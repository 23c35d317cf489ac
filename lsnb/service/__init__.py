"""How LangSmith is reached: settings, credentials and identity; under `transport` the requests, under `api` the endpoints."""
