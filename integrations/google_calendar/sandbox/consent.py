"""The page on which a person signs in and says what the application may do."""

from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from integrations.standin.page import document, hidden
from integrations.standin.store import Record
from integrations.standin.wire import Reply, Request, as_html, redirect

from . import grants
from .books import Books
from .grants import Asked

PATHS = ("/o/oauth2/v2/auth", "/o/oauth2/auth")
_STYLE = """
body { max-width: 30rem } label { display: block; margin: .5rem 0 }
fieldset { border: 1px solid #ddd; margin: 0 0 1rem } button { padding: .4rem 1.4rem }
"""


class NoConsentError(Exception):
    """Nobody can be asked like this, and where to send them back to is not to be trusted."""

    def __init__(self, error: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.error, self.status = error, status


def show(books: Books, request: Request, allowed_uris: frozenset[str]) -> Reply:
    """The page for what is asked in the query."""
    try:
        asked = _asked(request.fields, allowed_uris)
    except NoConsentError as error:
        return _refusal(error)
    people = list(books.store.table("people").values())
    return as_html(_page(people, asked, request.fields))


def decide(books: Books, request: Request, allowed_uris: frozenset[str]) -> Reply:
    """Back to the application, with a code or with a refusal; `request` is the page's form."""
    form = parse_qsl(request.body.decode(), keep_blank_values=True)
    fields = dict(form)
    try:
        asked = _asked(fields, allowed_uris)
    except NoConsentError as error:
        return _refusal(error)
    chosen = [value for name, value in form if name == "granted" and value in asked.scopes]
    email = fields.get("account", "")
    if fields.get("decision") != "allow" or not chosen or not books.has_account(email):
        return _back(asked, fields, {"error": "access_denied"})
    code = grants.allow(books, email, chosen, asked)
    told = {"code": code, "scope": " ".join(chosen), "authuser": "0", "prompt": asked.prompt or "none"}
    return _back(asked, fields, told)


def _asked(fields: dict[str, str], allowed_uris: frozenset[str]) -> Asked:
    """Raises NoConsentError."""
    if fields.get("client_id") != grants.CLIENT_ID:
        raise NoConsentError("invalid_client", "The OAuth client was not found.", 401)
    uri = fields.get("redirect_uri", "")
    if not urlsplit(uri).netloc or (allowed_uris and uri not in allowed_uris):
        raise NoConsentError("redirect_uri_mismatch", f"The redirect URI in the request, {uri}, is not registered.")
    if fields.get("response_type") != "code":
        raise NoConsentError("invalid_request", "Required parameter is missing: response_type")
    scopes = tuple(fields.get("scope", "").split())
    unknown = set(scopes) - grants.known_scopes().keys()
    if unknown or not scopes:
        raise NoConsentError("invalid_scope", f"Some requested scopes were invalid: {', '.join(sorted(unknown))}")
    return Asked(
        redirect_uri=uri,
        scopes=scopes,
        offline=fields.get("access_type") == "offline",
        prompt=fields.get("prompt", ""),
        challenge=fields.get("code_challenge", ""),
        challenge_method=fields.get("code_challenge_method", ""),
        include_granted=fields.get("include_granted_scopes") == "true",
    )


def _back(asked: Asked, fields: dict[str, str], told: dict[str, str]) -> Reply:
    state = {"state": fields["state"]} if "state" in fields else {}
    mark = "&" if urlsplit(asked.redirect_uri).query else "?"
    return redirect(f"{asked.redirect_uri}{mark}{urlencode({**state, **told})}", 302)


def _page(people: list[Record], asked: Asked, fields: dict[str, str]) -> str:
    wanted = fields.get("login_hint") or people[0]["id"]
    accounts = "".join(
        f'<label><input type="radio" name="account" value="{escape(row["id"])}"'
        f"{' checked' if row['id'] == wanted else ''}> {escape(row['name'])} <small>{escape(row['id'])}</small></label>"
        for row in people
    )
    known = grants.known_scopes()
    scopes = "".join(
        f'<label><input type="checkbox" name="granted" value="{escape(scope)}" checked> {escape(known[scope])}</label>'
        for scope in asked.scopes
    )
    return document(
        "Sign in with Google (stand-in)",
        f"""<h1>Sign in with Google <small>stand-in</small></h1>
<form method="post" action="{PATHS[0]}">{hidden(fields)}
<fieldset><legend>Choose an account</legend>{accounts}</fieldset>
<fieldset><legend>The application wants to</legend>{scopes}</fieldset>
<button name="decision" value="allow">Allow</button>
<button name="decision" value="cancel">Cancel</button>
</form>""",
        _STYLE,
    )


def _refusal(error: NoConsentError) -> Reply:
    body = f"<h1>Access blocked</h1><p>{escape(str(error))}</p><p>Error {error.status}: {error.error}</p>"
    return as_html(document("Access blocked", body, _STYLE), error.status)
