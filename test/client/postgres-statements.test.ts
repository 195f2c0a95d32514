import { describe, expect, it } from 'vitest';
import { partsOf } from '../../client/restore/postgres-statements.ts';

const script = `--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET default_tablespace = '';

--
-- Name: hen hen_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hen
    ADD CONSTRAINT hen_pkey PRIMARY KEY (id);


CREATE UNIQUE INDEX by_name ON public."he""n; x" USING btree (lower(name), ('it''s; $a$ "'::text));
COMMENT ON INDEX public.by_name IS 'x;

CREATE INDEX never ON public.hen USING btree (id);
';
CREATE FUNCTION public.f() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT ';'; SELECT 'CREATE INDEX i ON t USING btree (a);'; END;
CREATE RULE r AS ON INSERT TO public.hen DO ALSO (INSERT INTO public.egg VALUES (1); INSERT INTO public.egg VALUES (2));
CREATE FUNCTION public.g() RETURNS text LANGUAGE plpgsql AS $_$
BEGIN
  EXECUTE $x$CREATE INDEX i ON t USING btree (a);$x$; -- ' " /*
END $_$;
COMMENT ON FUNCTION public.g() IS E'back\\' ; /* ';
/* one /* in another; */ ; */ SELECT 1;
ALTER TABLE ONLY public.hen
    ADD CONSTRAINT laid_by FOREIGN KEY (egg) REFERENCES public.egg(id) ON DELETE SET NULL;
`;

describe('what pg_dump writes for after the rows', () => {
  const parts = partsOf(script);

  it('is split into what may be done at once and what not', () => {
    expect(parts.map(({ kind, table }) => [kind, table])).toEqual([
      ['setting', undefined],
      ['setting', undefined],
      ['setting', undefined],
      ['index', 'public.hen'],
      ['index', 'public."he""n; x"'],
      ['other', undefined],
      ['reference', 'public.hen'],
    ]);
  });

  it('is all there, in its order', () => {
    expect(parts.map(({ text }) => text).join('')).toBe(script.trimEnd());
  });

  it('keeps what is like a statement but inside of another where it is', () => {
    const other = parts.find(({ kind }) => kind === 'other')?.text ?? '';
    for (const piece of ['never', 'BEGIN ATOMIC', 'VALUES (2)', '$x$CREATE INDEX', 'in another; */ ; */']) expect(other).toContain(piece);
  });

  it.each([["SELECT 'no end"], ['SELECT "no end'], ['SELECT $a$ no end'], ['/* no end'], ['-- no end'], ['SELECT a$1;$1;'], ['']])(
    'takes any text, and leaves nothing but comments out: %j',
    (text) => {
      expect(
        partsOf(text)
          .map((part) => part.text)
          .join(''),
      ).toBe(text.startsWith('--') ? '' : text);
    },
  );
});
