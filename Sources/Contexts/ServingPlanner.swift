public import Converters
import Diagnostics
import FileTrees
import MLmodelFormat
import Registry
import Scoring

/// Decides how a model is served.
public enum ServingPlanner {
    /// The plan for `model`: the same for the same arguments, and nothing is read or written.
    ///
    /// - Parameter conversion: what became of it; nil when nobody tried, which is right for `--runtime python` only.
    /// - Throws: `ContextsError` of kind `.refused` (exit 1) with every reason when native was demanded and the model did
    ///   not convert; of kind `.model` when its file ends too early; of kind `.model` or `.option` when no image can be named.
    public static func plan(
        _ model: DescribedModel, conversion: ConversionOutcome?, options: PlanOptions
    ) throws -> ServingPlan {
        let (schema, source) = schema(of: model)
        var plan = ServingPlan(
            name: options.name ?? model.identity.name ?? "model", version: model.identity.version,
            requested: options.runtime, runtime: .python, reasons: [], refusals: [], compiled: nil, nullPolicy: nil,
            parity: nil,
            python: nil,
            machine: options.machine, flavors: model.mlmodel.flavors.map(\.name),
            mlflowVersion: model.mlmodel.mlflowVersion, predictFunction: model.mlmodel.predictFunction,
            schema: schema, outputs: model.mlmodel.signature?.outputs, schemaSource: source,
            params: model.mlmodel.signature?.params ?? [], hasTypeHint: model.mlmodel.signatureFromTypeHint,
            compatibility: options.compatibility, notes: [])
        if case .refused(let refusals)? = conversion, let damage = refusals.first(where: \.isDamage) {
            throw damaged(model, damage)
        }
        switch (conversion, options.runtime) {
        case (.converted(let compiled, let notes)?, .auto), (.converted(let compiled, let notes)?, .native):
            guard options.baseImage == nil || options.hasParityCheck else {
                throw ContextsError(
                    .option, "cannot use `--base-image`: a converted model needs no base image",
                    hints: ["add `--runtime python` to serve this model with its Python libraries"], status: .misuse)
            }
            plan.parity = ServingPlan.Parity(
                tolerance: ParityTolerance(try compiled.outline().steps),
                original: options.hasParityCheck ? try PythonPlanner.plan(model, options: options) : nil)
            plan.runtime = .native
            plan.nullPolicy = options.nullPolicy
            plan.compiled = compiled
            plan.reasons = ["every step of the model converts exactly"]
            plan.notes = notes
            return plan
        case (.refused(let refusals)?, .native):
            throw refusedNative(model, refusals)
        case (nil, .native):
            throw refusedNative(model, [])
        case (.refused(let refusals)?, _):
            plan.refusals = refusals
            plan.reasons = ["the model does not convert exactly"]
        case (_, .python):
            plan.reasons = ["asked for by `--runtime python`"]
        case (nil, .auto):
            plan.reasons = ["nobody tried to convert the model"]
        }
        plan.python = try PythonPlanner.plan(model, options: options)
        plan.notes = PythonPlanner.notes(of: plan)
        if options.hasParityCheck {
            plan.notes.append("`--parity` adds nothing: the model is served by its own libraries")
        }
        return plan
    }

    private static func schema(of model: DescribedModel) -> (Schema?, ServingPlan.SchemaSource) {
        if let schema = model.mlmodel.signature?.inputs { return (schema, .signature) }
        if let schema = model.inputExample?.inferredSchema() { return (schema, .inputExample) }
        return (nil, .none)
    }

    private static func damaged(_ model: DescribedModel, _ damage: Refusal) -> ContextsError {
        ContextsError(
            .model, "cannot read `\(escaped(damage.path))` of `\(escaped(model.shownName))`: \(damage.reason)",
            place: damage.place,
            hints: [
                "the file is not whole, so no library could load it: copy or download the model again",
                "`--runtime python` packs it as it is",
            ])
    }

    private static func refusedNative(_ model: DescribedModel, _ refusals: [Refusal]) -> ContextsError {
        var error = ContextsError(
            .refused, "cannot convert `\(escaped(model.shownName))` exactly",
            details: refusals.map(\.sentence), hints: ["`skiff pack` without `--runtime native` serves it with Python"],
            status: .wanting)
        error.refusals = refusals
        return error
    }
}

extension Refusal {
    /// One line: what in the model, why, what helps, and where in the file when that is what it is about.
    public var sentence: String {
        let subject = path.isEmpty ? "" : "`\(escaped(path))`: "
        let shown = isAboutBytes ? place.map { ", \(escaped($0.description))" } ?? "" : ""
        return subject + reason + shown + (help.map { " (\($0))" } ?? "")
    }
}

extension ServingPlanner {
    /// Converts the model, unless Python was asked for, and plans.
    ///
    /// - Throws: as `plan(_:conversion:options:)`; also when the file of the model cannot be read.
    public static func plan(_ model: DescribedModel, options: PlanOptions) throws -> ServingPlan {
        let conversion =
            options.runtime == .python ? nil : try ModelConversion.attempt(model, nullPolicy: options.nullPolicy)
        return try plan(model, conversion: conversion, options: options)
    }
}
