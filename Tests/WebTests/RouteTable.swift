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
    GET    /                           view-first-screen
    GET    /agents                     view-figures
    GET    /agents/:id                 view-figures
    GET    /api/v1/agents              view-figures
    GET    /reports                    view-figures
    GET    /reports/performance        view-figures
    GET    /reports/performance.csv    export-figures
    GET    /reports/checks             view-figures
    GET    /api/v1/reports/performance view-figures
    GET    /calls                      view-calls
    GET    /calls.csv                  export-figures
    GET    /calls/:id                  view-calls
    GET    /api/v1/calls               view-calls
    """
