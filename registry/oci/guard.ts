import type { Request, Response } from 'express';
import type { OciAction } from './action.ts';

/** Who may do what at the OCI endpoint: asked once for every request, before anything of a repository is looked at. */
export type OciGuard = {
  /** @throws OciError or DynDataError for what is not allowed; headers of the answer may be set before. */
  check(action: OciAction, request: Request, response: Response): Promise<void>;
  /** Whether the sender of a request that was let through may pull from this repository: for mounts, and for lists of repositories. */
  mayPull(repository: string, request: Request): boolean;
  /** Whether the sender of a request that was let through may push to its repository too. */
  mayPush(request: Request): boolean;
};
