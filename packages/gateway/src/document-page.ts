import { createHash } from 'node:crypto'

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1b1f24; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; border-bottom: 1px solid #d0d7de; }
  details { border: 1px solid #d0d7de; border-radius: 6px; margin: .4rem 0; padding: .3rem .7rem; }
  summary { cursor: pointer; } code, pre { font: 13px/1.45 ui-monospace, monospace; }
  pre { background: #f6f8fa; padding: .7rem; overflow: auto; border-radius: 6px; max-height: 28rem; }
  .method { display: inline-block; width: 4.5rem; font-weight: 600; } .quiet { color: #57606a; }
  input { width: 100%; padding: .5rem; font: inherit; box-sizing: border-box; }
  @media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } pre { background: #161b22; } .quiet { color: #8b949e; } h2, details { border-color: #30363d; } }
`

const script = `
  const make = (name, text, className) => {
    const element = document.createElement(name)
    if (text !== undefined) element.textContent = text
    if (className) element.className = className
    return element
  }
  const show = (title, value, into) => {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return
    into.append(make('p', title, 'quiet'), make('pre', JSON.stringify(value, null, 2)))
  }
  let schemas = {}
  const shapesOf = (value, found = new Set()) => {
    for (const [, name] of JSON.stringify(value ?? null).matchAll(/"#.components.schemas.(\\w+)"/g)) {
      if (found.has(name)) continue
      found.add(name)
      shapesOf(schemas[name], found)
    }
    return found
  }
  const operation = (method, path, op) => {
    const details = make('details')
    const summary = make('summary')
    summary.append(make('span', method.toUpperCase(), 'method'), make('code', path), ' ', make('span', op.summary ?? '', 'quiet'))
    details.append(summary)
    details.addEventListener('toggle', () => {
      if (details.dataset.filled) return
      details.dataset.filled = 'yes'
      if (op.description) details.append(make('p', op.description))
      show('Parameters', op.parameters, details)
      show('Body', op.requestBody?.content, details)
      show('Answers', op.responses, details)
      for (const name of shapesOf([op.requestBody, op.responses])) show(name, schemas[name], details)
    })
    details.dataset.words = (method + ' ' + path + ' ' + (op.summary ?? '')).toLowerCase()
    return details
  }
  fetch('openapi.json').then((answer) => answer.ok ? answer.json() : Promise.reject(new Error('HTTP ' + answer.status))).then((api) => {
    document.querySelector('h1').textContent = api.info.title + ' ' + api.info.version
    document.querySelector('#about').textContent = api.info.description ?? ''
    schemas = api.components?.schemas ?? {}
    const groups = new Map()
    for (const [path, operations] of Object.entries(api.paths)) {
      for (const [method, op] of Object.entries(operations)) {
        const group = op.tags?.[0] ?? path.split('/').slice(1, 4).join('/')
        if (!groups.has(group)) groups.set(group, [])
        groups.get(group).push(operation(method, path, op))
      }
    }
    const list = document.querySelector('main')
    for (const [group, entries] of groups) {
      const section = make('section')
      section.append(make('h2', group), ...entries)
      list.append(section)
    }
    document.querySelector('input').addEventListener('input', (event) => {
      const wanted = event.target.value.toLowerCase()
      for (const entry of list.querySelectorAll('details')) entry.hidden = !entry.dataset.words.includes(wanted)
      for (const section of list.querySelectorAll('section')) section.hidden = !section.querySelector('details:not([hidden])')
    })
  }).catch((error) => {
    document.querySelector('#about').textContent = 'The document cannot be read: ' + error.message
  })
`

/** A page of its own, without anything from elsewhere. */
export const documentPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rowhouse API</title>
<style>${style}</style>
</head>
<body>
<h1>Rowhouse API</h1>
<p id="about"></p>
<p class="quiet">Every call but sign-in and health needs <code>Authorization: Bearer &lt;token&gt;</code> from <code>POST /gocli/token</code>. The document itself: <a href="openapi.json">openapi.json</a></p>
<input type="search" placeholder="Filter by path or words" aria-label="Filter">
<main></main>
<script>${script}</script>
</body>
</html>
`

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

export const documentPagePolicy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
