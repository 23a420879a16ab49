enum MLmodelFormatPlaceholder {}
