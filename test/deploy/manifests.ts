import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export const FOLDER = path.join(__dirname, '../../deploy/kubernetes');

interface KeyReference {
  secretKeyRef?: { name: string; key: string };
  configMapKeyRef?: { name: string; key: string };
}
interface Container {
  name: string;
  image: string;
  args?: string[];
  env?: { name: string; value?: string; valueFrom?: KeyReference }[];
  ports?: { containerPort: number }[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext?: Record<string, unknown>;
  volumeMounts?: { name: string; mountPath: string }[];
  livenessProbe?: object;
  readinessProbe?: object;
}

export interface PodSpec {
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  hostUsers?: boolean;
  securityContext?: Record<string, unknown>;
  initContainers?: Container[];
  containers: Container[];
  volumes?: {
    name: string;
    secret?: { secretName: string };
    persistentVolumeClaim?: { claimName: string };
  }[];
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  // Each kind has its own.
  spec?: Record<string, unknown> & {
    template?: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  };
  data?: Record<string, string>;
  automountServiceAccountToken?: boolean;
}

/** Every object that the base makes. */
export const manifests: Manifest[] = (
  parse(readFileSync(path.join(FOLDER, 'kustomization.yaml'), 'utf8')).resources as string[]
).flatMap((file) =>
  parseAllDocuments(readFileSync(path.join(FOLDER, file), 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}`);
    return document.toJS() as Manifest;
  }),
);

/** What runs pods, by its name. */
export const workloads = new Map(
  manifests.flatMap(({ metadata, spec }) =>
    spec?.template ? [[metadata.name, spec.template] as const] : [],
  ),
);

export function podOf(name: string): PodSpec {
  const workload = workloads.get(name);
  if (!workload) throw new Error(`no workload ${name}`);
  return workload.spec;
}

export const ofKind = (kind: string): Manifest[] => manifests.filter((each) => each.kind === kind);
