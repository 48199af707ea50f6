//! Pictures of Code 128-A barcodes.
