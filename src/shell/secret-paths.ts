import { matchesPath } from '../domain/glob';

/** Files that hold keys, tokens or credentials, by their usual names (patterns of {@link matchesPath}). */
export const SECRET_PATTERNS = [
  '.env',
  '.env.*',
  '*.env',
  '*.pem',
  '*.key',
  '*.p12',
  '*.pfx',
  '*.jks',
  '*.keystore',
  '*.kdbx',
  '*.ppk',
  '*.gpg',
  '*.asc',
  'id_rsa',
  'id_dsa',
  'id_ecdsa',
  'id_ed25519',
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.config/gcloud',
  '.kube',
  'kubeconfig',
  '*.kubeconfig',
  '.docker/config.json',
  '.dockercfg',
  '.netrc',
  '_netrc',
  '.pgpass',
  '.my.cnf',
  '.npmrc',
  '.pypirc',
  '.gem/credentials',
  '.htpasswd',
  '.git-credentials',
  '.terraformrc',
  'terraform.rc',
  'credentials.tfrc.json',
  '*.tfstate',
  '*.tfstate.*',
  '*.tfstate.backup',
  'credentials',
  'credentials.json',
  'credentials.yaml',
  'credentials.yml',
  'secrets.json',
  'secrets.yaml',
  'secrets.yml',
  '*secret*.tfvars',
  'service-account*.json',
  'serviceaccount*.json',
  '.vault-token',
  '.vault-pass',
  '.vault_pass',
] as const;

/** Names that look like the above and hold only examples. */
const EXAMPLES = ['*.example', '*.sample', '*.template', '*.dist'];

/** Whether a workspace path names a file (or something in a folder) that holds keys, tokens or credentials. */
export function isSecretPath(path: string): boolean {
  return (
    SECRET_PATTERNS.some((pattern) => matchesPath(pattern, path)) &&
    !EXAMPLES.some((pattern) => matchesPath(pattern, path))
  );
}
