/** What a run's repository is named by: of URLs, only `https` ones are cloned. */
export function kindOfRepository(repo: string): 'https' | 'folder' | 'unsupported' {
  if (/^https:\/\//.test(repo)) return 'https';
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(repo) || /^[^/]+@[^/]+:/.test(repo) ? 'unsupported' : 'folder';
}
