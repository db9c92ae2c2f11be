export { type ColumnType, columnType } from './csv/column-type.ts'
export { type CsvScan, type ScannedColumn, type ScanOptions, scanCsv } from './csv/scan-csv.ts'
export { TableError, type TableErrorCode } from './table-error.ts'
