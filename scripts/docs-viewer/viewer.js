// Shows the server's own OpenAPI file. Requests that are tried out use the console's session, or the
// credentials that are entered here.
const { content } = document.querySelector('meta[name=viewer-path]')
const file = `${content}openapi.json`

// Loads the file first, to tell people who are not signed in where to do that.
const answer = await fetch(file, { headers: { 'Simtally-Console': '1' } })
if (answer.ok) {
  window.SwaggerUIBundle({
    spec: await answer.json(),
    dom_id: '#viewer',
    deepLinking: true,
    filter: true,
    tryItOutEnabled: true,
    requestSnippetsEnabled: true,
    // By default, the viewer calls a server of its makers.
    validatorUrl: 'none',
  })
} else {
  document.querySelector('#sign-in').href = content.replace(/docs\/$/, 'console/')
  document.querySelector('#signed-out').hidden = false
}
