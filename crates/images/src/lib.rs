//! Pictures read with limits, turned upright, resized and written for the web; share pictures drawn.
