/// Every route with what it needs: the list that a reviewer reads, held against the site's own tables.
let routeTable = """
    GET    /assets/**                  file
    GET    /healthz                    file
    GET    /metrics                    box verify-office
    GET    /trust                      anyone
    GET    /trust/rollcall-ca.crt      file
    GET    /auth/login                 anyone
    POST   /auth/login                 anyone
    POST   /auth/logout                view-own-account
    GET    /setup                      anyone
    POST   /setup                      anyone
    """
