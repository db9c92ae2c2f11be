/** What is wrong with a timer's text; timer.ts puts Camunda's code and the whole text before it. */
export class TimerFault extends Error {}
