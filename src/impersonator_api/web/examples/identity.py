"""At the SPA's way out."""

from impersonator_api.web.examples.story import REFRESH_TOKEN, Example

LOGOUT_FORMS: Example = {
    "everything": {"refresh_token": REFRESH_TOKEN, "post_logout_redirect_uri": "https://dashboard.example/bye"},
    "the bearer's token is enough": {},
}
LOGGED_OUT: Example = {
    "with a way on": {"success": True, "redirectUri": "https://dashboard.example/bye"},
    "without": {"success": True, "redirectUri": None},
}
