import type { Population } from '../population.ts';
import type { SampleCounts } from '../sizes.ts';
import { auditData, companiesData, employeesData, offersData, usersData } from './people-data.ts';
import { quirksData } from './quirks-data.ts';
import type { TableData } from './table-data.ts';
import { availabilityRulesData, calendarsData, callsData, contactsData, devicesData, numbersData } from './telephony-data.ts';

/** All tables of the database `dynamease`, in an order in which tables come after those they refer to where that is possible. */
export const mysqlTables = (population: Population, counts: SampleCounts): readonly TableData[] => [
  offersData,
  companiesData(population, counts),
  usersData(population, counts),
  employeesData(population, counts),
  contactsData(population, counts),
  numbersData(population, counts),
  devicesData(population, counts),
  calendarsData(population, counts),
  availabilityRulesData(population, counts),
  callsData(population, counts),
  auditData(population, counts),
  quirksData(population, counts),
];
