// The API's types, generated from docs/reference/openapi.json by `npm run generate`. Do not edit.
export interface paths {
    "/build": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Build
         * @description Build a zip of a folder, one Python file, or what `spec.source` says, as JSON.
         *
         *     With `Accept: application/x-ndjson` every event is sent as it happens, and the last one says
         *     how it ended. Leaving ends the build.
         */
        post: operations["build"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Calls
         * @description List asynchronous calls, the newest first; those that are over are kept for a time.
         */
        get: operations["list_calls"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calls/{call_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Call
         * @description Read where an asynchronous call stands.
         */
        get: operations["get_call"];
        put?: never;
        post?: never;
        /**
         * Cancel Call
         * @description Cancel a call that waits. One that is at the function cannot be taken back.
         */
        delete: operations["cancel_call"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calls/{call_id}/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Result
         * @description Read what the function answered: its body and media type, as data.
         *
         *     409 while the call waits or runs; 404 where the function gave no answer.
         */
        get: operations["read_result"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch Functions
         * @description Hear of every change of a function.
         */
        get: operations["watch_functions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Functions
         * @description List functions by name, with their status.
         */
        get: operations["list_functions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Function
         * @description Read a function with its status.
         *
         *     With `wait` and `resourceVersion` the answer comes as soon as the stored version is another
         *     one, or with the same one when the time is over.
         */
        get: operations["get_function"];
        /**
         * Put Function
         * @description Create or replace a function.
         *
         *     Only `spec` need be sent. The answer comes before the function runs: wait for
         *     `status.observedGeneration` to reach `metadata.generation`, and for the condition `Ready`.
         */
        put: operations["put_function"];
        post?: never;
        /**
         * Delete Function
         * @description Delete a function: calls are refused at once, and it is gone when its replicas are.
         */
        delete: operations["delete_function"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Logs
         * @description Read what the replicas of a function wrote, also those that are gone.
         *
         *     While following, an empty line now and then keeps the connection open.
         */
        get: operations["read_logs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/notice": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Put Notice
         * @description Show a sentence in the function's answers, as `plat dev` does of a broken save.
         */
        put: operations["put_notice"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/redeploy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Redeploy Function
         * @description Make a new revision from the same artifact: its replicas are replaced, one by one.
         */
        post: operations["redeploy_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/replicas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Replicas
         * @description List the replicas of a function as they are now.
         */
        get: operations["list_replicas"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/revisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Revisions
         * @description List the revisions of a function, oldest first.
         */
        get: operations["list_revisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/scale": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Scale Function
         * @description Fix the number of replicas, or set the bounds of autoscaling.
         *
         *     What is not sent stays as it is; `"replicas": null` ends a fixed number.
         */
        post: operations["scale_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start Function
         * @description Let a stopped function run again.
         */
        post: operations["start_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop Function
         * @description Stop a function: no replica runs, and calls are answered with 503.
         */
        post: operations["stop_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Health
         * @description Tell that the process is alive.
         */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Metrics
         * @description Tell what was counted, for Prometheus.
         */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Readiness
         * @description Tell whether calls and deploys can be taken.
         */
        get: operations["get_readiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register Function
         * @description Create or replace a function, with the fields of its spec beside its name.
         *
         *     `env` may be a map. The same as `PUT /functions/{name}`.
         */
        post: operations["register_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runtimes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Runtimes
         * @description List the runtimes that functions can be written for.
         */
        get: operations["list_runtimes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Secrets
         * @description List the secrets of a namespace: their names and keys, never their values.
         */
        get: operations["list_secrets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/secrets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Secret
         * @description Read the keys of a secret, never its values.
         */
        get: operations["get_secret"];
        /**
         * Put Secret
         * @description Create or replace a secret.
         */
        put: operations["put_secret"];
        post?: never;
        /**
         * Delete Secret
         * @description Delete a secret; functions that use it say so in a condition.
         */
        delete: operations["delete_secret"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/system/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get System Info
         * @description Tell version, backend, uptime, and what the token may do.
         */
        get: operations["get_system_info"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * ArchiveSource
         * @description A zip or a tar.gz behind an address.
         */
        ArchiveSource: {
            /**
             * Digest
             * @default null
             */
            digest: string | null;
            /** Url */
            url: string;
        };
        /**
         * CallList
         * @description Calls, the newest first.
         */
        CallList: {
            /** Items */
            items: components["schemas"]["CallView"][];
        };
        /**
         * CallView
         * @description Where an asynchronous call stands.
         */
        CallView: {
            /**
             * Attempts
             * @description How often it was begun.
             */
            attempts: number;
            /**
             * Created
             * Format: date-time
             */
            created: string;
            /**
             * Due
             * @description While it waits: the next attempt.
             */
            due?: string | null;
            /** Finished */
            finished?: string | null;
            /** Function */
            function: string;
            /**
             * Id
             * @description The `X-Call-Id` of each of its attempts.
             */
            id: string;
            /** Method */
            method: string;
            /** Namespace */
            namespace: string;
            /**
             * Path
             * @description Below the function, with its query.
             */
            path: string;
            /**
             * Started
             * @description The last attempt.
             */
            started?: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
            /**
             * Status
             * @description What the function answered.
             */
            status?: number | null;
            /** @description How the last failed attempt ended. */
            trouble?: components["schemas"]["TroubleView"] | null;
            /**
             * Truncated
             * @description Its body was larger than what is kept of one.
             * @default false
             */
            truncated: boolean;
        };
        /**
         * Condition
         * @description One observed fact, in the shape of the Kubernetes API conventions.
         */
        Condition: {
            /** Lasttransitiontime */
            lastTransitionTime?: string | null;
            /**
             * Message
             * @default
             */
            message: string;
            /** Observedgeneration */
            observedGeneration?: number | null;
            /** Reason */
            reason: string;
            /**
             * Status
             * @enum {string}
             */
            status: "True" | "False" | "Unknown";
            /** Type */
            type: string;
        };
        /**
         * EnvVar
         * @description One environment variable, in the shape of core/v1.
         */
        EnvVar: {
            /** Name */
            name: string;
            /**
             * Value
             * @default null
             */
            value: string | null;
            /** @default null */
            valueFrom: components["schemas"]["EnvVarSource"] | null;
        };
        /**
         * EnvVarSource
         * @description Where the value of an environment variable comes from.
         */
        EnvVarSource: {
            secretKeyRef: components["schemas"]["SecretKeyRef"];
        };
        /**
         * FieldError
         * @description What is wrong with one field of the input.
         */
        FieldError: {
            /**
             * Field
             * @description Path of the field, such as `spec.scale.min`.
             */
            field: string;
            /** Message */
            message: string;
        };
        /**
         * Finished
         * @description The artifact is there. `unchanged`: the same source was built before.
         */
        Finished: {
            /** Commit */
            commit?: string | null;
            /** Digest */
            digest: string;
            /** Handler */
            handler?: string | null;
            /** Image */
            image: string;
            /** Runtime */
            runtime: string;
            /**
             * Type
             * @default finished
             * @constant
             */
            type: "finished";
            /**
             * Unchanged
             * @default false
             */
            unchanged: boolean;
        };
        /**
         * Function
         * @description The resource: metadata, spec and status.
         */
        Function: {
            /**
             * Apiversion
             * @default plat.dev/v1alpha1
             * @constant
             */
            apiVersion: "plat.dev/v1alpha1";
            /**
             * Kind
             * @default Function
             * @constant
             */
            kind: "Function";
            metadata: components["schemas"]["Metadata"];
            spec: components["schemas"]["FunctionSpec"];
            status?: components["schemas"]["FunctionStatus"] | null;
        };
        /**
         * FunctionDocument
         * @description A Function as it is sent: only `spec` must be there, `status` is ignored.
         */
        FunctionDocument: {
            /**
             * Apiversion
             * @default plat.dev/v1alpha1
             * @constant
             */
            apiVersion: "plat.dev/v1alpha1";
            /**
             * Kind
             * @default Function
             * @constant
             */
            kind: "Function";
            metadata?: components["schemas"]["MetadataDocument"];
            spec: components["schemas"]["FunctionSpec"];
            /**
             * Status
             * @default null
             */
            status: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * FunctionList
         * @description Functions, by name.
         */
        FunctionList: {
            /** Items */
            items: components["schemas"]["Function"][];
        };
        /**
         * FunctionSpec
         * @description Desired state.
         */
        FunctionSpec: {
            /**
             * Access
             * @default token
             * @enum {string}
             */
            access: "public" | "token";
            /**
             * Concurrency
             * @default 20
             */
            concurrency: number;
            /**
             * Debug
             * @default null
             */
            debug: number | null;
            /**
             * Env
             * @default []
             */
            env: components["schemas"]["EnvVar"][];
            /**
             * Forwardauthorization
             * @default false
             */
            forwardAuthorization: boolean;
            /**
             * Handler
             * @default null
             */
            handler: string | null;
            /**
             * Image
             * @default null
             */
            image: string | null;
            /**
             * Redeployedat
             * @default null
             */
            redeployedAt: string | null;
            /**
             * @default {
             *       "requests": {
             *         "cpu": null,
             *         "memory": null
             *       },
             *       "limits": {
             *         "cpu": null,
             *         "memory": null
             *       }
             *     }
             */
            resources: components["schemas"]["Resources"];
            /**
             * Runtime
             * @default null
             */
            runtime: string | null;
            /**
             * @default {
             *       "min": 0,
             *       "max": 10,
             *       "replicas": null,
             *       "target": null,
             *       "idle": "60s",
             *       "whenIdle": "stop"
             *     }
             */
            scale: components["schemas"]["Scale"];
            /**
             * Secrets
             * @default []
             */
            secrets: string[];
            /** @default null */
            source: components["schemas"]["Source"] | null;
            /**
             * Suspend
             * @default false
             */
            suspend: boolean;
            /**
             * Timeout
             * @default 30s
             */
            timeout: string;
        };
        /**
         * FunctionStatus
         * @description Observed state.
         */
        FunctionStatus: {
            /** Commit */
            commit?: string | null;
            /**
             * Conditions
             * @default []
             */
            conditions: components["schemas"]["Condition"][];
            /** Deployedat */
            deployedAt?: string | null;
            /**
             * Hints
             * @default []
             */
            hints: components["schemas"]["Hint"][];
            /** Image */
            image?: string | null;
            /** Latestrevision */
            latestRevision?: string | null;
            /**
             * Observedgeneration
             * @default 0
             */
            observedGeneration: number;
            /**
             * Readyreplicas
             * @default 0
             */
            readyReplicas: number;
            /**
             * Replicas
             * @default 0
             */
            replicas: number;
            /** Revision */
            revision?: string | null;
            /** Url */
            url?: string | null;
        };
        /**
         * GitSource
         * @description A folder in a git repository.
         */
        GitSource: {
            /**
             * Path
             * @default null
             */
            path: string | null;
            /**
             * Ref
             * @default HEAD
             */
            ref: string;
            /** Url */
            url: string;
        };
        /**
         * Health
         * @description The process is alive.
         */
        Health: {
            /**
             * Status
             * @default ok
             * @constant
             */
            status: "ok";
        };
        /**
         * Hint
         * @description What to do about a problem, in words that can be typed.
         */
        Hint: {
            /** Fix */
            fix: string;
            /** Reason */
            reason: string;
        };
        /**
         * Metadata
         * @description Who it is. What the platform fills in is accepted back and ignored.
         */
        Metadata: {
            /**
             * Annotations
             * @default {}
             */
            annotations: {
                [key: string]: string;
            };
            /** Creationtimestamp */
            creationTimestamp?: string | null;
            /** Deletiontimestamp */
            deletionTimestamp?: string | null;
            /** Generation */
            generation?: number | null;
            /**
             * Labels
             * @default {}
             */
            labels: {
                [key: string]: string;
            };
            /** Name */
            name: string;
            /**
             * Namespace
             * @default default
             */
            namespace: string;
            /** Resourceversion */
            resourceVersion?: string | null;
            /** Uid */
            uid?: string | null;
        };
        /**
         * MetadataDocument
         * @description Who it is; the name may be left to the path. What the platform fills in is ignored.
         */
        MetadataDocument: {
            /** Annotations */
            annotations?: {
                [key: string]: string;
            };
            /**
             * Creationtimestamp
             * @default null
             */
            creationTimestamp: string | null;
            /**
             * Deletiontimestamp
             * @default null
             */
            deletionTimestamp: string | null;
            /**
             * Generation
             * @default null
             */
            generation: number | null;
            /** Labels */
            labels?: {
                [key: string]: string;
            };
            /**
             * Name
             * @default null
             */
            name: string | null;
            /**
             * Namespace
             * @default null
             */
            namespace: string | null;
            /**
             * Resourceversion
             * @default null
             */
            resourceVersion: string | null;
            /**
             * Uid
             * @default null
             */
            uid: string | null;
        };
        /**
         * Notice
         * @description What is wrong with the source that somebody is editing; empty: nothing any more.
         */
        Notice: {
            /**
             * Text
             * @default
             */
            text: string;
        };
        /**
         * Problem
         * @description An error, in the shape of RFC 9457.
         * @example {
         *       "callId": "7d9f0c2e5b8a4f10",
         *       "code": "function-not-found",
         *       "detail": "there is no function 'orders'",
         *       "fix": "plat list",
         *       "status": 404,
         *       "title": "Not Found",
         *       "type": "about:blank"
         *     }
         */
        Problem: {
            /**
             * Callid
             * @description The same as the header `X-Call-Id`.
             */
            callId: string;
            /**
             * Code
             * @description Stable, for programs: `function-not-found`, `conflict` …
             */
            code: string;
            /** Detail */
            detail: string;
            /**
             * Errors
             * @default null
             */
            errors: components["schemas"]["FieldError"][] | null;
            /**
             * Fix
             * @description What to do or type next.
             * @default null
             */
            fix: string | null;
            /**
             * Log
             * @description The end of a failed build's log.
             * @default null
             */
            log: string | null;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /**
             * Type
             * @default about:blank
             */
            type: string;
        };
        /**
         * ReadinessView
         * @description Whether calls and deploys can be taken; `reasons` says per part why not.
         */
        ReadinessView: {
            /**
             * Reasons
             * @default {}
             */
            reasons: {
                [key: string]: string;
            };
            /**
             * Status
             * @enum {string}
             */
            status: "ready" | "starting";
        };
        /**
         * Registration
         * @description The flat form: the fields of a spec beside the name.
         */
        Registration: {
            /**
             * Access
             * @default token
             * @enum {string}
             */
            access: "public" | "token";
            /** Annotations */
            annotations?: {
                [key: string]: string;
            };
            /**
             * Concurrency
             * @default 20
             */
            concurrency: number;
            /**
             * Debug
             * @default null
             */
            debug: number | null;
            /**
             * Env
             * @default []
             */
            env: components["schemas"]["EnvVar"][] | {
                [key: string]: string;
            };
            /**
             * Forwardauthorization
             * @default false
             */
            forwardAuthorization: boolean;
            /**
             * Handler
             * @default null
             */
            handler: string | null;
            /**
             * Image
             * @default null
             */
            image: string | null;
            /** Labels */
            labels?: {
                [key: string]: string;
            };
            /** Name */
            name: string;
            /**
             * Namespace
             * @default default
             */
            namespace: string;
            /**
             * Redeployedat
             * @default null
             */
            redeployedAt: string | null;
            /**
             * @default {
             *       "requests": {
             *         "cpu": null,
             *         "memory": null
             *       },
             *       "limits": {
             *         "cpu": null,
             *         "memory": null
             *       }
             *     }
             */
            resources: components["schemas"]["Resources"];
            /**
             * Runtime
             * @default null
             */
            runtime: string | null;
            /**
             * @default {
             *       "min": 0,
             *       "max": 10,
             *       "replicas": null,
             *       "target": null,
             *       "idle": "60s",
             *       "whenIdle": "stop"
             *     }
             */
            scale: components["schemas"]["Scale"];
            /**
             * Secrets
             * @default []
             */
            secrets: string[];
            /** @default null */
            source: components["schemas"]["Source"] | null;
            /**
             * Suspend
             * @default false
             */
            suspend: boolean;
            /**
             * Timeout
             * @default 30s
             */
            timeout: string;
        };
        /**
         * ReplicaFailure
         * @description Why a replica is not ready.
         */
        ReplicaFailure: {
            /**
             * Log
             * @default
             */
            log: string;
            /** Message */
            message: string;
            /** Reason */
            reason: string;
        };
        /**
         * ReplicaList
         * @description The replicas of a function.
         */
        ReplicaList: {
            /** Items */
            items: components["schemas"]["ReplicaView"][];
        };
        /**
         * ReplicaView
         * @description A running instance of a revision.
         */
        ReplicaView: {
            failure?: components["schemas"]["ReplicaFailure"] | null;
            /** Id */
            id: string;
            /** Restarts */
            restarts: number;
            /** Revision */
            revision: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * State
             * @enum {string}
             */
            state: "starting" | "ready" | "unready" | "stopping" | "waiting" | "paused";
        };
        /**
         * ResourceAmounts
         * @description Amounts of CPU and memory.
         */
        ResourceAmounts: {
            /**
             * Cpu
             * @default null
             */
            cpu: string | null;
            /**
             * Memory
             * @default null
             */
            memory: string | null;
        };
        /**
         * Resources
         * @description What a replica asks for and what it may not exceed.
         */
        Resources: {
            /**
             * @default {
             *       "cpu": null,
             *       "memory": null
             *     }
             */
            limits: components["schemas"]["ResourceAmounts"];
            /**
             * @default {
             *       "cpu": null,
             *       "memory": null
             *     }
             */
            requests: components["schemas"]["ResourceAmounts"];
        };
        /**
         * RevisionList
         * @description The revisions of a function, oldest first.
         */
        RevisionList: {
            /** Items */
            items: components["schemas"]["RevisionView"][];
        };
        /**
         * RevisionView
         * @description An artifact and the spec it runs with; `serving` is the one that answers calls.
         */
        RevisionView: {
            /**
             * Created
             * Format: date-time
             */
            created: string;
            /** Image */
            image: string;
            /** Name */
            name: string;
            /** Number */
            number: number;
            /** Serving */
            serving: boolean;
            spec: components["schemas"]["FunctionSpec"];
        };
        /**
         * RuntimeList
         * @description The runtimes that functions can be written for.
         */
        RuntimeList: {
            /** Items */
            items: components["schemas"]["RuntimeView"][];
        };
        /**
         * RuntimeView
         * @description What a runtime says about itself.
         */
        RuntimeView: {
            /** Description */
            description: string;
            /** Handler */
            handler: string;
            /** Language */
            language: string;
            /** Name */
            name: string;
            /**
             * Template
             * @description The files to begin with: path → text.
             * @default {}
             */
            template: {
                [key: string]: string;
            };
        };
        /**
         * Scale
         * @description Between how many replicas, and at which load another one is wanted.
         */
        Scale: {
            /**
             * Idle
             * @default 60s
             */
            idle: string;
            /**
             * Max
             * @default 10
             */
            max: number;
            /**
             * Min
             * @default 0
             */
            min: number;
            /**
             * Replicas
             * @default null
             */
            replicas: number | null;
            /**
             * Target
             * @default null
             */
            target: number | null;
            /**
             * Whenidle
             * @default stop
             * @enum {string}
             */
            whenIdle: "stop" | "pause";
        };
        /**
         * ScaleChange
         * @description Other bounds; what is not given stays as it is, `replicas: null` ends a fixed number.
         */
        ScaleChange: {
            /**
             * Idle
             * @default null
             */
            idle: string | null;
            /**
             * Max
             * @default null
             */
            max: number | null;
            /**
             * Min
             * @default null
             */
            min: number | null;
            /**
             * Replicas
             * @default null
             */
            replicas: number | null;
            /**
             * Target
             * @default null
             */
            target: number | null;
            /**
             * Whenidle
             * @default null
             */
            whenIdle: ("stop" | "pause") | null;
        };
        /**
         * SecretKeyRef
         * @description One key of a secret.
         */
        SecretKeyRef: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /**
             * Optional
             * @default false
             */
            optional: boolean;
        };
        /**
         * SecretList
         * @description The secrets of a namespace, without their values.
         */
        SecretList: {
            /** Items */
            items: components["schemas"]["SecretView"][];
        };
        /**
         * SecretValues
         * @description What a secret holds; it replaces what was there.
         */
        SecretValues: {
            /** Values */
            values: {
                [key: string]: string;
            };
        };
        /**
         * SecretView
         * @description A secret without its values.
         */
        SecretView: {
            /** Keys */
            keys: string[];
            /** Name */
            name: string;
            /** Namespace */
            namespace: string;
        };
        /**
         * Source
         * @description The user's files: in the resource itself, or where it says that they are.
         */
        Source: {
            /** @default null */
            archive: components["schemas"]["ArchiveSource"] | null;
            /** @default null */
            git: components["schemas"]["GitSource"] | null;
            /**
             * Inline
             * @default null
             */
            inline: {
                [key: string]: string;
            } | null;
        };
        /**
         * SystemInfo
         * @description What is running here.
         */
        SystemInfo: {
            /** Backend */
            backend: string;
            /** Dev */
            dev: boolean;
            /** Functions */
            functions: number;
            /**
             * Role
             * @description Whose token asked: a `viewer` may send GET alone, and no calls.
             * @enum {string}
             */
            role: "admin" | "viewer";
            /**
             * Started
             * Format: date-time
             */
            started: string;
            /**
             * Uptime
             * @description Seconds since the start.
             */
            uptime: number;
            /** Url */
            url: string;
            /** Version */
            version: string;
        };
        /**
         * TroubleView
         * @description Why an attempt had no good end.
         */
        TroubleView: {
            /**
             * Code
             * @description Stable, as in problems; `answered`: the function said so.
             */
            code: string;
            /** Message */
            message: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    build: {
        parameters: {
            query: {
                /** @description Add what a debugger needs. */
                debug?: boolean;
                /** @description As in `spec.handler`. */
                handler?: string | null;
                /** @description The function's name. */
                name: string;
                /** @description See `GET /runtimes`. */
                runtime?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "inline": {
                 *         "app.py": "def handler(request): ..."
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["Source"];
                "application/zip": string;
                "multipart/form-data": {
                    /** Format: binary */
                    file: string;
                };
                "text/x-python": string;
            };
        };
        responses: {
            /** @description The artifact; or, as lines of JSON, the events until its end. */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Finished"];
                    "application/x-ndjson": string;
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description None of the accepted media types can be had. */
            406: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is of a type that is not read here. */
            415: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_calls: {
        parameters: {
            query?: {
                /** @description Of this function. */
                function?: string | null;
                /** @description At most so many. */
                limit?: number;
                /** @description Of this namespace; of all, where it is left out. */
                namespace?: string | null;
                /** @description In this state. */
                state?: ("queued" | "running" | "succeeded" | "failed" | "cancelled") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallList"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend cannot do it. */
            501: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_call: {
        parameters: {
            query?: {
                /** @description A time such as `30s`: the answer waits so long for the call to be over. */
                wait?: string | null;
            };
            header?: never;
            path: {
                /** @description The id that `/async-function/` answered. */
                call_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallView"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend cannot do it. */
            501: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_call: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id that `/async-function/` answered. */
                call_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallView"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else changed it first, or it is being deleted. */
            409: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend cannot do it. */
            501: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    read_result: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id that `/async-function/` answered. */
                call_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The body that the function answered, whatever its status was. */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    /** @description The status that the function answered. */
                    "X-Call-Status"?: number;
                    /** @description `true` where the function answered more than is kept. */
                    "X-Call-Truncated"?: "true";
                    [name: string]: unknown;
                };
                content: {
                    "*/*": string;
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else changed it first, or it is being deleted. */
            409: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend cannot do it. */
            501: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    watch_functions: {
        parameters: {
            query?: {
                /** @description Of this namespace; of all, where it is left out. */
                namespace?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events `created`, `changed` and `deleted`, each with the Function as its data. Every function there is comes first, as `created`. The stream ends after an hour: connect again. */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        data: string;
                        /** @enum {string} */
                        event: "created" | "changed" | "deleted";
                        /** @description The function's resourceVersion. */
                        id?: string;
                    };
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description None of the accepted media types can be had. */
            406: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_functions: {
        parameters: {
            query?: {
                /** @description Of this namespace; of all, where it is left out. */
                namespace?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FunctionList"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
                /** @description The version that is known already: the answer waits for another one. */
                resourceVersion?: string | null;
                /** @description Wait so long for a change, with `resourceVersion`. */
                wait?: string | null;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "spec": {
                 *         "image": "embedded/orders@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                 *         "runtime": "python",
                 *         "handler": "app:handler",
                 *         "timeout": "30s",
                 *         "env": [
                 *           {
                 *             "name": "LOG_LEVEL",
                 *             "value": "info"
                 *           }
                 *         ],
                 *         "scale": {
                 *           "min": 0,
                 *           "max": 5,
                 *           "idle": "60s"
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["FunctionDocument"];
            };
        };
        responses: {
            /** @description Stored: changed, or not at all. */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    /** @description `true` where the same was stored already. */
                    "X-Plat-Unchanged"?: "true";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else changed it first, or it is being deleted. */
            409: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is of a type that is not read here. */
            415: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    read_logs: {
        parameters: {
            query?: {
                /** @description Only lines of the call with this id. */
                call?: string | null;
                /** @description Go on with new lines as they come. */
                follow?: boolean;
                /** @description The namespace. */
                namespace?: string;
                /** @description Only lines of this replica. */
                replica?: string | null;
                /** @description So many of the last lines. */
                tail?: number;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Lines in order of time, one JSON object each, or as plain text. */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/plain": string;
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description None of the accepted media types can be had. */
            406: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_notice: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "text": "app.py:3: SyntaxError: invalid syntax"
                 *     }
                 */
                "application/json": components["schemas"]["Notice"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is of a type that is not read here. */
            415: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend cannot do it. */
            501: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redeploy_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else changed it first, or it is being deleted. */
            409: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_replicas: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplicaList"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_revisions: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevisionList"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    scale_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "min": 0,
                 *       "max": 5,
                 *       "idle": "30s"
                 *     }
                 */
                "application/json": components["schemas"]["ScaleChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else changed it first, or it is being deleted. */
            409: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is of a type that is not read here. */
            415: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    start_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else changed it first, or it is being deleted. */
            409: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stop_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else changed it first, or it is being deleted. */
            409: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus' text format, 0.0.4. */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_readiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadinessView"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not yet; `reasons` says why. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadinessView"];
                };
            };
        };
    };
    register_function: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "orders",
                 *       "image": "localhost:5001/orders:1.0",
                 *       "env": {
                 *         "LOG_LEVEL": "info"
                 *       },
                 *       "timeout": "30s"
                 *     }
                 */
                "application/json": components["schemas"]["Registration"];
            };
        };
        responses: {
            /** @description Stored: changed, or not at all. */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    /** @description `true` where the same was stored already. */
                    "X-Plat-Unchanged"?: "true";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else changed it first, or it is being deleted. */
            409: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is of a type that is not read here. */
            415: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_runtimes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RuntimeList"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_secrets: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretList"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_secret: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The secret's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretView"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_secret: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The secret's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "values": {
                 *         "url": "postgres://…"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["SecretValues"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretView"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is of a type that is not read here. */
            415: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_secret: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The secret's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is a viewer's, who may only look. */
            403: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none of that name. */
            404: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Understood, but refused: `errors` names the fields. */
            422: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_system_info: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SystemInfo"];
                };
            };
            /** @description Not understood: broken JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or wrong. */
            401: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong tokens came from this address. */
            429: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure inside plat; its log has the details at the call id. */
            500: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform does not answer. */
            503: {
                headers: {
                    /** @description The id of this request in logs; the caller's own where it sent one. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
