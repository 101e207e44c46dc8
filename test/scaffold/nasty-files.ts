/** JSON files as people leave them; all of them valid for clients that read JSON with comments. */
export const nastyJson: Readonly<Record<string, string>> = {
  'an empty object': '{}\n',
  'an empty object with space': '{ }',
  'an empty object over two lines': '{\n}\n',
  'an empty map': '{\n  "mcpServers": {}\n}\n',
  'an empty map and no final newline': '{"mcpServers": {}}',
  'a foreign server': '{\n  "mcpServers": {\n    "other": { "command": "x", "args": ["-y"] }\n  }\n}\n',
  'a foreign server in one line': '{"mcpServers":{"other":{"command":"x"}}}',
  'a foreign server in one airy line': '{ "mcpServers": { "other": { "command": "x" } } }\n',
  'comments everywhere':
    '// top\n{\n  // before\n  "mcpServers": { // behind the brace\n    /* mine */ "other": {"command": "x"} // last\n    // end of the map\n  }, // after\n  "z": 1, "a": [1,\n 2] // odd\n}\n// bottom\n',
  'a comment behind the last entry': '{\n  "a": 1 // one\n}\n',
  'only comments inside': '{\n  // nothing yet\n}\n',
  'a comment in the map': '{\n  "mcpServers": {\n    // add yours here\n  }\n}\n',
  'trailing commas': '{\n  "mcpServers": {\n    "other": {"command": "x",},\n  },\n  "b": 2,\n}\n',
  'a trailing comma with a comment':
    '{\n  "mcpServers": {\n    "other": {"command": "x"}, // last\n  },\n}\n',
  tabs: '{\n\t"theme": "dark",\n\t"mcpServers": {\n\t\t"other": {\n\t\t\t"command": "x"\n\t\t}\n\t}\n}\n',
  'four spaces': '{\n    "theme": "dark"\n}\n',
  CRLF: '{\r\n  "mcpServers": {\r\n    "other": { "command": "x" }\r\n  }\r\n}\r\n',
  'CRLF with comments': '{\r\n  // c\r\n  "a": 1, // d\r\n}\r\n',
  'a BOM': '\ufeff{\n  "a": 1\n}\n',
  'a BOM and CRLF': '\ufeff{\r\n  "mcpServers": {}\r\n}\r\n',
  'no final newline': '{\n  "a": 1\n}',
  'the closing brace behind the last entry': '{\n  "a": 1,\n  "b": 2}',
  'the closing braces together': '{\n  "mcpServers": {\n    "other": {"command": "x"}}}\n',
  'odd order and spacing':
    '{"z":1,\n\n\n   "mcpServers"   :   {\n"b":{"command":"q"}  ,\n      "a":{"command":"p"}\n},"y":[ ]}\n',
  'escapes and numbers as they were': '{\n  "u": "\\u00e9\\/",\n  "n": 1e3,\n  "f": 1.0\n}\n',
  'a comment in front of the closing brace': '{"a": 1 /* one */}\n',
  'our name in a text': '{\n  "note": "loopyard: { }",\n  "other": { "loopyard": 1 }\n}\n',
};

/** JSON files that must stay as they are, with the place that is named. */
export const brokenJson: Readonly<Record<string, { text: string; line: number; column: number }>> = {
  'a missing brace': { text: '{\n  "mcpServers": {\n', line: 3, column: 1 },
  'a missing comma': { text: '{\n  "a": 1\n  "b": 2\n}\n', line: 3, column: 3 },
  'two values': { text: '{}\n{}\n', line: 2, column: 1 },
  'a list': { text: '[]\n', line: 1, column: 1 },
  null: { text: 'null\n', line: 1, column: 1 },
  'a map that is a list': { text: '{\n  "mcpServers": []\n}\n', line: 2, column: 17 },
  'a map twice': {
    text: '{\n  "mcpServers": {},\n  "mcpServers": {}\n}\n',
    line: 3,
    column: 3,
  },
  'single quotes': { text: "{ 'a': 1 }\n", line: 1, column: 3 },
  'a BOM and nonsense': { text: '\ufeffnonsense\n', line: 1, column: 1 },
  YAML: { text: 'mcpServers:\n  a: 1\n', line: 1, column: 1 },
};

/** YAML files as people leave them. */
export const nastyYaml: Readonly<Record<string, string>> = {
  'only comments': '# nothing yet\n',
  'a key with nothing behind it': 'GOOSE_MODE: auto\nextensions:\n',
  'a key with nothing behind it and a comment': 'extensions: # mine\nGOOSE_MODE: auto\n',
  'an empty flow map': 'extensions: {}\nz: 1\n',
  'a flow map': 'extensions: {other: {cmd: x, args: [a, "b"]}}\n',
  'a flow map over lines': 'extensions: {\n  other: {cmd: x},\n}\n',
  'a foreign entry': 'extensions:\n  other:\n    cmd: x\n    args:\n      - a\n      - b\n',
  'entries before others': 'extensions:\n  other:\n    cmd: x\n\n# tail\nz: 1\n',
  'comments everywhere':
    '# top\nextensions: # here\n  # before\n  other: # name\n    cmd: x # last\n  # end of the map\n# after\nz: 1\n# bottom\n',
  'four spaces': 'extensions:\n    other:\n        cmd: x\nz: 1\n',
  'odd order and spacing':
    'z:   1\nextensions:\n     b:   { cmd: q }\n     a:\n          cmd:   p\n\n\ny: [ ]\n',
  anchors:
    'base: &base\n  enabled: true\n  envs: {A: b}\nextensions: &ext\n  other:\n    <<: *base\n    cmd: x\n',
  CRLF: '# c\r\nextensions:\r\n  other:\r\n    cmd: x\r\nz: 1\r\n',
  'no final newline': 'a: 1\nextensions:\n  other:\n    cmd: x',
  'a BOM': '\ufeffa: 1\n',
  'a block of text':
    'note: |\n  extensions:\n    loopyard: no\n\nextensions:\n  other:\n    text: >-\n      folded\n      text\nz: 1\n',
  'a document start': '---\na: 1\n',
  'quoted keys': '"extensions":\n  "other": {cmd: "x"}\n',
  'spellings that are kept': "a: 0x1F\nb: ~\nc: 'it''s'\nd: 1e3\ne: yes\n",
};

/** The same for a list of servers. */
export const nastyYamlLists: Readonly<Record<string, string>> = {
  'no list': 'name: mine\nversion: 1.0.0\nmodels:\n  - name: m\n    provider: p\n',
  'an empty list': 'mcpServers: []\nname: mine\n',
  'a key with nothing behind it': 'mcpServers:\nname: mine\n',
  'a foreign server': 'mcpServers:\n  - name: other\n    command: x\n    args:\n      - a\nname: mine\n',
  'a list without indentation': 'mcpServers:\n- name: other\n  command: x\n# tail\nname: mine\n',
  'a flow list': 'mcpServers: [{name: other, command: x}]\n',
  'comments and no final newline': 'mcpServers: # mine\n  # first\n  - name: other # it\n    command: x',
};

/** YAML files that must stay as they are, with the place that is named. */
export const brokenYaml: Readonly<Record<string, { text: string; line: number; column: number }>> = {
  'a tab for indentation': { text: 'extensions:\n\tother: 1\n', line: 2, column: 1 },
  'two documents': { text: 'a: 1\n---\nb: 2\n', line: 2, column: 1 },
  'a list': { text: '- a\n', line: 1, column: 1 },
  'a word': { text: 'hello\n', line: 1, column: 1 },
  'a map that is a list': { text: 'extensions:\n  - a\n', line: 2, column: 3 },
  'a map that an alias repeats': {
    text: 'extensions: &ext\n  other: {cmd: x}\nalso: *ext\n',
    line: 1,
    column: 1,
  },
  'an alias': { text: 'a: &a {}\nextensions: *a\n', line: 2, column: 13 },
  'a key twice': { text: 'a: 1\na: 2\n', line: 2, column: 1 },
  'an open bracket': { text: 'a: [1,\n', line: 2, column: 1 },
};

export const nastyToml: Readonly<Record<string, string>> = {
  'only comments': '# nothing yet\n',
  'a foreign server':
    '# top\nmodel = "x" # the best\n\n[mcp_servers.other]\ncommand = "a"\nargs = [ "b",\n  "c", # why\n]\n\n# tail\n[projects."/x y"]\ntrust_level = "trusted"\n',
  'no final newline': 'model = "x"\n[a]\nb = 0x1F',
  CRLF: '# c\r\nmodel = "x"\r\n\r\n[mcp_servers.other]\r\ncommand = "a"\r\n',
  'CRLF without final newline': 'a = 1\r\nb = 2',
  'a BOM': '\ufeffmodel = "x"\n',
  'an inline parent': 'mcp_servers = { other = { command = "a" } } # all of them\nx = 1\n',
  'dotted keys': 'mcp_servers.other.command = "a"\n\n[x]\ny = 1\n',
  'an explicit parent': '[mcp_servers] # all\n\n[mcp_servers.other]\ncommand = "a"\n',
  'multi-line strings':
    'a = """\n[mcp_servers.loopyard]\ncommand = "no"\n"""\nb = \'\'\'\nx\'\'\'\n[t]\nd = 1979-05-27T07:32:00Z\n',
  'a list of tables at the end': '[[p]]\nn = 1\n\n[[p]]\nn = 2\n',
  'trailing empty lines': 'a = 1\n\n\n',
  'odd indentation': '  a   =   1\n\t[ t ]\n\tb=2\n',
};

export const brokenToml: Readonly<Record<string, { text: string; line: number }>> = {
  'a missing value': { text: 'a = 1\nb = \n', line: 2 },
  'an open text': { text: 'a = "x\n', line: 1 },
  'a key twice': { text: 'a = 1\na = 2\n', line: 2 },
  'a merge conflict': { text: '<<<<<<< ours\na = 1\n', line: 1 },
};

export const nastyMarkdown: Readonly<Record<string, string>> = {
  'plain text': '# Agents\n\nBe kind.\n',
  'no final newline': '# Agents\n\nBe kind.',
  CRLF: '# Agents\r\n\r\nBe kind.\r\n',
  'CRLF without final newline': '# Agents\r\nBe kind.',
  'a BOM': '\ufeff# Agents\n',
  'empty lines at the end': '# Agents\n\n\n\n',
  'a block of somebody else': '<!-- other:begin -->\nx\n<!-- other:end -->\n',
  'one empty line': '\n',
};
