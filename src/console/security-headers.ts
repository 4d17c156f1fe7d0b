import type { MiddlewareHandler } from 'hono';

/**
 * Nothing runs or is drawn on a page but our own files: no inline script or style, nothing of other origins, no frame
 * around it, and no address of it leaves with a request.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: MiddlewareHandler = async (c, next) => {
  // Set first, so that whatever answers, errors too, has them; assets say themselves how long they may be kept.
  c.header('content-security-policy', CONTENT_SECURITY_POLICY);
  c.header('referrer-policy', 'no-referrer');
  c.header('x-content-type-options', 'nosniff');
  c.header('x-frame-options', 'DENY');
  c.header('cross-origin-opener-policy', 'same-origin');
  c.header('cross-origin-resource-policy', 'same-origin');
  c.header('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
  c.header('cache-control', 'no-store');
  await next();
};
