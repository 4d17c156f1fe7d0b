/** What `gatehouse init` writes, by path. */
export const starterFiles: Readonly<Record<string, string>> = {
  'agents/my-agent.yaml': `# An agent: who it is and what it may do. Check it with \`gatehouse agents check agents/my-agent.yaml\`.
name: my-agent

# OBSERVE reads, RECOMMEND suggests, DRAFT opens pull requests, SANDBOX runs programs in an isolated workspace,
# PROD_GATED acts on production with an approval for each act. Start low.
tier: DRAFT

# A script plays the model until you bring a real one: \`anthropic:MODEL\` with ANTHROPIC_API_KEY, or
# \`openai-compatible:MODEL\` with OPENAI_COMPATIBLE_BASE_URL, in the environment of \`gatehouse up\`.
model: scripted:../models/my-agent.yaml

systemPrompt: |
  You look after an infrastructure repository. You make small changes and explain them.

# These only tighten what the tier allows.
deniedTools: [trigger-pipeline]
requiresApproval:
  prCreation: true

# Hard limits of one run. Waiting for people does not count.
budget:
  maxTurns: 20
  maxToolCalls: 50
`,
  'models/my-agent.yaml': `# The script of a model that always says the same, for trying things out. A turn without calls ends the run.
description: looks around, asks, and says what it saw
turns:
  - say: I look at what is in the repository.
    calls:
      - { tool: list-files, args: {} }
  - say: I ask before I go on.
    calls:
      - { tool: ask-user, args: { question: 'Shall I look further?', options: ['yes', 'no'] } }
  - choose:
      - when: { tool: ask-user, contains: 'yes' }
        say: A real model would look further now.
      - say: Then I leave it at that.
`,
  'policies/small-changes.md': `---
name: Small Changes
version: 1
---
## Policy: Small Changes
- A pull request MUST change one thing only
- Every change MUST say why in its description
`,
};
