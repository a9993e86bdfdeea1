package io.quorate.protocol;

/** What kind of write timed out or failed (native protocol v5, section 8, write timeout). */
public enum WriteType {
  SIMPLE,
  BATCH,
  UNLOGGED_BATCH,
  COUNTER,
  BATCH_LOG,
  CAS,
  VIEW,
  CDC
}
