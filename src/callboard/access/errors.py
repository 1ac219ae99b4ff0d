from kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated


class BadCredentials(Unauthenticated):
    code = "invalid_credentials"
    title = "The e-mail address or the password is not right"


class BadToken(Unauthenticated):
    code = "invalid_token"
    title = "The token is unknown, expired or revoked"


class SignInThrottled(TooManyRequests):
    code = "sign_in_throttled"
    title = "Too many failed sign-ins; wait a little, then try again"


class BadPassword(Invalid):
    code = "bad_password"
    title = "The password cannot be used"


class BadEmail(Invalid):
    code = "bad_email"
    title = "That is no e-mail address"


class EmailTaken(Conflict):
    code = "email_taken"
    title = "There is an account with this e-mail address already"


class LastAdmin(Conflict):
    code = "last_admin"
    title = "This is the last active administrator; make another one first"


class UnknownRole(Invalid):
    code = "unknown_role"
    title = "There is no such role"


class UnknownScope(Invalid):
    code = "unknown_scope"
    title = "There is no such scope"


class BeyondOwnRights(Forbidden):
    code = "beyond_own_rights"
    title = "Nobody can give away more rights than they have"


class NoSuchPerson(NotFound):
    code = "person_not_found"
    title = "There is no such account for this account"


class NoSuchToken(NotFound):
    code = "token_not_found"
    title = "There is no such token for this account"
