enum ConvertersPlaceholder {}
