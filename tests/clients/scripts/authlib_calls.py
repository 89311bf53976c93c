"""Authlib: a web application that signs people in by OpenID Connect, with nothing but the address of the metadata."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, request, session
from talk import browser_command, serve
from werkzeug.serving import make_server

_SHOWN = ("iss", "aud", "tid", "preferred_username", "nonce", "sub", "ver")


def _application(client: str, host: str, tenant: str, secret: str, audience: str) -> Flask:
    """Authlib fetches metadata and keys, makes state, nonce and PKCE, and checks signature, issuer, audience, nonce."""
    app = Flask("relying party")
    app.secret_key = "of this run"
    registered = OAuth(app).register(
        "entra",
        client_id=client,
        client_secret=secret,
        server_metadata_url=f"https://{host}/{tenant}/v2.0/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email offline_access", "code_challenge_method": "S256"},
    )

    @app.get("/sign-in")
    def sign_in():
        return registered.authorize_redirect(request.host_url + "callback")

    @app.get("/callback")
    def callback():
        try:
            token = registered.authorize_access_token(
                **({"claims_options": {"aud": {"essential": True, "value": audience}}} if audience else {})
            )
        except OAuthError as error:
            return jsonify(error=error.error, text=error.description)
        claims = {name: token["userinfo"][name] for name in _SHOWN if name in token["userinfo"]}
        asked = registered.userinfo(token=token)
        metadata = registered.load_server_metadata()
        with registered._get_oauth_client(**metadata) as http:
            again = http.refresh_token(metadata["token_endpoint"], token["refresh_token"])
        session.clear()
        return jsonify(
            id_token=claims,
            userinfo={"sub": asked["sub"], "name": asked.get("name", "")},
            answered_iss=request.args.get("iss", ""),
            refreshed="access_token" in again,
            rotated=again.get("refresh_token", token["refresh_token"]) != token["refresh_token"],
        )

    return app


def sign_in(client, host, tenant, secret, audience="") -> dict:
    """From the link on the application's page to the signed-in person."""
    server = make_server("localhost", 0, _application(client, host, tenant, secret, audience))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://localhost:{server.server_port}/sign-in"
    done = subprocess.run([*browser_command(), address], capture_output=True, text=True, check=False)
    server.shutdown()
    sys.stderr.write(done.stderr)
    return json.loads(done.stdout)


serve({"sign_in": sign_in})
