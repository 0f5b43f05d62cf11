"""What passes between the layers of the REST API: WSGI's own types, and the names under which we leave our words.

Keys with a dot and without HTTP_ are the server's side of the environment: no client can write there.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]

ROUTE: Final = "kasugai.route"
"""Where the template of the route lies that a request has taken."""
BASE: Final = "kasugai.base"
"""Where the root's URL lies, without a slash at its end."""
EVERYONE: Final = "kasugai.everyone_is_admin"
"""Set where nobody is asked who he is (`noauth2`)."""
