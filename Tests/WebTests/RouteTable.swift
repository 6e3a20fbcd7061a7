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
    GET    /files                      view-files
    POST   /files                      upload-files
    PUT    /files/upload               upload-files
    GET    /files/imports/:id          upload-files
    GET    /files/imports/:id/events   upload-files
    POST   /files/imports/:id/cancel   upload-files
    POST   /files/imports/:id/answer   upload-files
    GET    /files/:id                  view-files
    GET    /files/:id/versions/:version view-files
    GET    /files/:id/versions/:version/rejects.csv view-files
    GET    /files/:id/versions/:version/original.csv view-files
    GET    /api/v1/files               view-files
    POST   /api/v1/files               upload-files
    GET    /api/v1/imports/:id         upload-files
    """
