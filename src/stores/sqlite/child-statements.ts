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

/** So many places are looked at one by one before all that is below a parent is. */
export const FEW = 1_000;

/**
 * The children of a parent that has few of them, however much is below each: from one to the next by the index, over whatever stands
 * between them. Places that were only come by have no number. If there are `FEW` rows, there may be more children. What the
 * paths of the children begin with, what comes after the last of them (null for nothing), and the run.
 */
export const SELECT_FEW_CHILDREN = `
  with recursive
    parent (run, start, beyond) as (select number, ?, ? from runs where run = ?),
    found (path) as (
      select (select min(path) from places where places.run = parent.run and path > start) from parent
      union all
      select case instr(substr(found.path, length(start) + 1), '/')
        when 0 then (select min(path) from places where places.run = parent.run and path > found.path)
        else (
          select min(path) from places
          where places.run = parent.run
            and path >= start || substr(found.path, length(start) + 1, instr(substr(found.path, length(start) + 1), '/') - 1) || '0'
        )
      end
      from found join parent
      where found.path is not null and (beyond is null or found.path < beyond)
      limit ${FEW}
    )
  select found.path as path, state, output, number
  from found join parent
    left join places on places.run = parent.run and places.path = found.path
      and instr(substr(found.path, length(start) + 1), '/') = 0 and (beyond is null or found.path < beyond)
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
