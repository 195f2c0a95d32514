import type { RequestHandler } from 'express';
import { contextOf } from './request-context.ts';

const yearSeconds = 31_536_000;

/** For the case that a browser looks at an answer: it shows nothing, runs nothing, frames nothing and guesses no type. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    // Whoever may read an answer depends on the token, so no shared cache may keep it.
    'Cache-Control': 'private, no-cache',
    Vary: 'Authorization',
    ...(contextOf(response).isSecure ? { 'Strict-Transport-Security': `max-age=${yearSeconds}` } : {}),
  });
  next();
};
