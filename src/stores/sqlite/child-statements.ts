/**
 * The statements on the children of a place, written out as those in `schema.ts`, which has the tables. Paths of what is below a place
 * begin with it and a slash; the character after the slash is a zero.
 */

/** The path of the parent three times. */
export const SELECT_CHILDREN = `
  select path, state, output from places
  where run = (select number from runs where run = ?)
    and path > ? || '/' and path < ? || '0' and instr(substr(path, length(?) + 2), '/') = 0
  order by number`;

export const SELECT_CHILDREN_OF_RUN = `
  select path, state, output from places
  where run = (select number from runs where run = ?) and path > '' and instr(path, '/') = 0
  order by number`;

/** Behind which child a page begins: the number of a path, or none. Run and path. */
const AFTER = `coalesce((select number from places where run = (select number from runs where run = ?) and path = ?), 0)`;

/**
 * A page of children. Which they are is found by the index alone, which has the numbers, too; only their own rows are read. The run, the path of
 * the parent three times, the run and the path of the child before, how many.
 */
export const SELECT_CHILDREN_PAGE = `
  select path, state, output from places where number in (
    select number from places indexed by places_by_path
    where run = (select number from runs where run = ?)
      and path > ? || '/' and path < ? || '0' and instr(substr(path, length(?) + 2), '/') = 0
      and number > ${AFTER}
    order by number limit ?
  ) order by number`;

export const SELECT_CHILDREN_OF_RUN_PAGE = `
  select path, state, output from places where number in (
    select number from places indexed by places_by_path
    where run = (select number from runs where run = ?) and path > '' and instr(path, '/') = 0
      and number > ${AFTER}
    order by number limit ?
  ) order by number`;

export const COUNT_CHILDREN = `
  select state, count(*) as count from places
  where run = (select number from runs where run = ?)
    and path > ? || '/' and path < ? || '0' and instr(substr(path, length(?) + 2), '/') = 0
  group by state`;

export const COUNT_CHILDREN_OF_RUN = `
  select state, count(*) as count from places
  where run = (select number from runs where run = ?) and path > '' and instr(path, '/') = 0
  group by state`;
