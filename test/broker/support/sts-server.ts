import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StsServer {
  endpoint: string;
  /** Parameters of each request so far, as AWS's query protocol writes them. */
  asked(): Record<string, string>[];
  /** Whether it refuses the role `refused`. */
  refuses: boolean;
  close(): Promise<void>;
}

/**
 * AWS STS on the loopback: moto where `GATEHOUSE_TEST_MOTO` names its program, behind a listener that keeps what was asked;
 * otherwise a server of our own that speaks the same query and XML.
 */
export async function startSts(): Promise<StsServer> {
  const program = process.env.GATEHOUSE_TEST_MOTO;
  const moto = program ? await startMoto(program) : null;
  const asked: Record<string, string>[] = [];
  const server = createServer((incoming, response) => {
    bodyOf(incoming).then((body) => {
      const parameters = Object.fromEntries(new URLSearchParams(body));
      asked.push(parameters);
      if (moto) forward(moto.port, incoming, body, response);
      else answer(parameters, incoming, response);
    });
  });
  const port = await listening(server);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    asked: () => asked,
    refuses: moto === null,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      moto?.child.kill();
    },
  };
}

function answer(asked: Record<string, string>, incoming: IncomingMessage, response: ServerResponse): void {
  const isSigned = incoming.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=AKIAGATEHOUSE/');
  if (asked.Action !== 'AssumeRole' || !isSigned || asked.RoleArn?.endsWith('/refused')) {
    const body = `<ErrorResponse xmlns="${XML}"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User is not authorized to perform: sts:AssumeRole</Message></Error><RequestId>${id()}</RequestId></ErrorResponse>`;
    response.writeHead(403, { 'content-type': 'text/xml' }).end(body);
    return;
  }
  const expiration = new Date(Date.now() + Number(asked.DurationSeconds ?? 3_600) * 1000).toISOString();
  const body = `<AssumeRoleResponse xmlns="${XML}"><AssumeRoleResult>
    <AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:${asked.RoleSessionName}</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/reader/${asked.RoleSessionName}</Arn></AssumedRoleUser>
    <Credentials><AccessKeyId>ASIA${randomBytes(8).toString('hex').toUpperCase()}</AccessKeyId>
      <SecretAccessKey>${randomBytes(30).toString('base64')}</SecretAccessKey>
      <SessionToken>${randomBytes(200).toString('base64')}</SessionToken>
      <Expiration>${expiration}</Expiration></Credentials>
    <PackedPolicySize>6</PackedPolicySize></AssumeRoleResult>
    <ResponseMetadata><RequestId>${id()}</RequestId></ResponseMetadata></AssumeRoleResponse>`;
  response.writeHead(200, { 'content-type': 'text/xml' }).end(body);
}

const XML = 'https://sts.amazonaws.com/doc/2011-06-15/';

function id(): string {
  return randomBytes(16).toString('hex');
}

function forward(
  port: number,
  { method, url, headers }: IncomingMessage,
  body: string,
  response: ServerResponse,
): void {
  request({ port, host: '127.0.0.1', method, path: url, headers }, (answered) => {
    response.writeHead(answered.statusCode ?? 500, answered.headers);
    answered.pipe(response);
  })
    .on('error', () => response.writeHead(502).end())
    .end(body);
}

async function startMoto(program: string): Promise<{ port: number; child: ChildProcess }> {
  const free = createServer();
  const port = await listening(free);
  await new Promise((resolve) => free.close(resolve));
  const child = spawn(program, ['--host', '127.0.0.1', '--port', String(port)], { stdio: 'ignore' });
  for (const deadline = Date.now() + 60_000; ; ) {
    if (
      await fetch(`http://127.0.0.1:${port}/moto-api/`)
        .then(({ ok }) => ok)
        .catch(() => false)
    )
      break;
    if (Date.now() > deadline) throw new Error('moto did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { port, child };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
