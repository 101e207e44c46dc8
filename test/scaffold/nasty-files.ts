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
