// Shows the server's own OpenAPI file. What is tried out goes by the session of the console, or by the credentials
// that are given here.
const { content } = document.querySelector('meta[name=viewer-path]')
const file = `${content}openapi.json`

// Asked for first, so that whoever is not signed in is told where to do that.
const answer = await fetch(file, { headers: { 'Simtally-Console': '1' } })
if (answer.ok) {
  window.SwaggerUIBundle({
    spec: await answer.json(),
    dom_id: '#viewer',
    deepLinking: true,
    filter: true,
    tryItOutEnabled: true,
    requestSnippetsEnabled: true,
    // Otherwise it asks a server of its makers.
    validatorUrl: 'none',
  })
} else {
  document.querySelector('#sign-in').href = content.replace(/docs\/$/, 'console/')
  document.querySelector('#signed-out').hidden = false
}
