/** Where the console is mounted. */
export const BASE = '/console';

/** Paths of pages; ids are made safe for a path. */
export const paths = {
  inbox: BASE,
  login: `${BASE}/login`,
  logout: `${BASE}/logout`,
  approval: (id: string) => `${BASE}/approvals/${encodeURIComponent(id)}`,
  runs: `${BASE}/runs`,
  run: (id: string) => `${BASE}/runs/${encodeURIComponent(id)}`,
  policies: `${BASE}/policies`,
  policy: (name: string) => `${BASE}/policies/${encodeURIComponent(name)}`,
  agents: `${BASE}/agents`,
  agent: (name: string) => `${BASE}/agents/${encodeURIComponent(name)}`,
  audit: `${BASE}/audit`,
  people: `${BASE}/people`,
  webhooks: `${BASE}/webhooks`,
  standing: `${BASE}/standing`,
  halts: `${BASE}/halts`,
  breakGlass: `${BASE}/break-glass`,
} as const;
