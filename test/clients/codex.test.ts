import { workerSuite } from './worker-suite.ts';

workerSuite({
  title: 'Codex',
  backend: 'codex',
  home: (url, project) => ({
    '.codex/config.toml': `model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "scripted"
base_url = "${url}/v1"
wire_api = "responses"
experimental_bearer_token = "sk-scripted"
request_max_retries = 0
stream_max_retries = 1
[analytics]
enabled = false
[projects."${project}"]
trust_level = "trusted"
`,
  }),
  project: ([command, ...args]) => ({
    '.codex/config.toml': `[mcp_servers.loopyard]\ncommand = ${JSON.stringify(command)}\nargs = ${JSON.stringify(args)}\n`,
  }),
  shell: (cmd) => ({ call: 'exec_command', with: { cmd } }),
  loadsContext: { call: 'load_context', namespace: 'mcp__loopyard', with: {} },
  faults: [
    {
      turn: { fail: 401, type: 'invalid_api_key', message: 'Incorrect API key.' },
      expected: 'authentication',
    },
    {
      turn: { fail: 404, type: 'model_not_found', message: 'model: x not found' },
      expected: 'model_unknown',
    },
    { turn: { fail: 429, type: 'rate_limit_exceeded', message: 'Slow down.' }, expected: 'rate_limit' },
    { turn: { fail: 500, type: 'server_error', message: 'Sorry.' }, expected: 'overloaded' },
  ],
});
